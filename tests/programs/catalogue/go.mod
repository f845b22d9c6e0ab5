module example.com/escaudit/catalogue

go 1.19

require example.com/vendored v1.0.0
