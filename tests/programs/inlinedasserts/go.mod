module example.com/escaudit/inlinedasserts

go 1.19
