module example.com/escaudit/edits

go 1.19
