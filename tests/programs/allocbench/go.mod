module example.com/escaudit/allocbench

go 1.19
