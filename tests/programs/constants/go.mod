module example.com/escaudit/constants

go 1.19
