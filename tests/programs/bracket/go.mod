module example.com/escaudit/bracket

go 1.19
