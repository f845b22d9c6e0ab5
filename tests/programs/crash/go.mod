module example.com/escaudit/crash

go 1.19
