module example.com/escaudit/storm

go 1.19
