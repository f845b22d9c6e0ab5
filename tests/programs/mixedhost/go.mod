module example.com/escaudit/mixedhost

go 1.19
