module example.com/escaudit/exit3

go 1.19
