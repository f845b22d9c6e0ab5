module example.com/escaudit/inserted

go 1.19
