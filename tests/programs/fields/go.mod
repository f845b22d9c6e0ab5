module fields

go 1.19
