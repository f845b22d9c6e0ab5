module example.com/escaudit/sleeper

go 1.19
