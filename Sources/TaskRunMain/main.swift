import TaskRunCLI
