import TaskRunCLI

await TaskRunProgram.main()
