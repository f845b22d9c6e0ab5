module example.com/escaudit/loopvar

go 1.22
