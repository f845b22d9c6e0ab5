module example.com/diagnostics

go 1.19
