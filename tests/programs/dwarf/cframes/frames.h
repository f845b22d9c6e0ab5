int show_frames(int n);
