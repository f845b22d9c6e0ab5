module example.com/escaudit/hosted

go 1.19
