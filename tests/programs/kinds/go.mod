module example.com/escaudit/kinds

go 1.18
