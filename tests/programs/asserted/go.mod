module example.com/escaudit/asserted

go 1.19
