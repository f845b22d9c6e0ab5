module example.com/escaudit/refactor

go 1.19
