module example.com/escaudit/changer

go 1.19
