module example.com/escaudit/shared

go 1.19
