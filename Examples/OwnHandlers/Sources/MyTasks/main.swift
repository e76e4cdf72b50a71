import TaskRunCLI

await TaskRunProgram.main(handlers: [Greeting(), Report()], hooks: [FailureNotes()])
