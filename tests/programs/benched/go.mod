module example.com/escaudit/benched

go 1.19
