module example.com/escaudit/columns

go 1.19
