"""Labels by several people: how far to trust each, one label of their answers, and what a review of a sample proves.

answers          Answers: who says what of which row
trust            trust in people by test questions, confidence of answers, how many are asked
agreement        Krippendorff's alpha
aggregation/     one label a row of several answers
combined_labels  labels of functions and answers of people in one model
fixed_plan       acceptance sampling with a number of rows that is fixed beforehand
sequential_plan  acceptance sampling that may be looked at after every row
reviewers        what reviewers' own errors leave unfound
acceptance       target, plan and proof
certificate      certificates in words
audit            which rows of a project are checked, and what their answers say
"""
