module example.com/escaudit/testserver

go 1.19
