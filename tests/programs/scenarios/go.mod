module example.com/escaudit/scenarios

go 1.19
