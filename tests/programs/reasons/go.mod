module example.com/escaudit/reasons

go 1.19
