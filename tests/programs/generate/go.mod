module example.com/escaudit/generate

go 1.19
