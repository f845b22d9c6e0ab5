module example.com/escaudit/mixed

go 1.19
