module example.com/escaudit/rates

go 1.19
