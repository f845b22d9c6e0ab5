module example.com/escaudit/notmain

go 1.19
