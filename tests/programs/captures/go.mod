module captures

go 1.19
