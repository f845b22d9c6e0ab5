module example.com/escaudit/tested

go 1.19
