module example.com/escaudit/advised

go 1.19
