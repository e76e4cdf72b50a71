import TaskRunCLI

await TaskRunProgram.main(handlers: [Greeting()], hooks: [FailureNotes()])
