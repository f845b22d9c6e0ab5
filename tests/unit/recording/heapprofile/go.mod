module example.com/heapprofile

go 1.19
