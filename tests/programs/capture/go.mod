module example.com/escaudit/capture

go 1.19
