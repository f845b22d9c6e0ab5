module example.com/escaudit/nocompile

go 1.19
