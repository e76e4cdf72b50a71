import TaskRunCLI

await TaskRunProgram.main(handlers: [Greeting()])
