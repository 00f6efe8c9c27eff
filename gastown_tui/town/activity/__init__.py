"""What a living agent does: by what its screen says where we know the program, else by movement and time alone.

One file per program tells its screens; `rules.read` is the one reader of them all; `judging.judge_activity` the one judge.
"""
