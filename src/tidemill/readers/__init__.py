"""Files of rows, in the forms that people have them in, as tables: one reader for every command.

| module | what it holds |
| --- | --- |
| `table` | a table: columns of values, each row knowing its line; rows that were set aside; what was guessed |
| `options` | options of a file: encoding, delimiter, header, bad rows |
| `read` | bytes or a file as a table, by its suffix; the list of formats |
| `compressed` | gzip, Zstandard, and ZIP archives of one file, up to a size |
| `text_encoding` | bytes as text: declared, by a byte-order mark, UTF-8, or detected |
| `language_letters` | how likely words are in a language, by their letters |
| `shift_codes` | ISO-2022 of Japanese and Korean mail, and HZ: encodings whose bytes are all ASCII |
| `delimited` | CSV and TSV: delimiter, quotes and header found by content |
| `json_rows` | JSON lines, arrays and single objects; exports of Label Studio and doccano |
| `columnar` | Parquet, Arrow and Excel |
| `other_tools` | what Qualtrics and Prodigy write among rows |
| `padded_cells` | cells that are filled up with spaces to the width of their column |
| `formulas` | formulas of a workbook whose value is an error or not in the file |
| `number_spellings` | columns of numbers that are read as text, or may be thousands |
| `cell_text` | a cell as text |
| `frame` | a table as a Polars frame, its numbers as numbers |
| `class_list` | names of classes as a command is given them, in a file too |
| `swallowed_rows` | rows of CSV that a stray quote has joined into one cell |
| `piped` | what comes through a pipe or standard input, as a file |
| `hand_labels` | whether a file to write would take the place of labels that people gave |
| `write` | a frame as a file, in the format of its suffix |
"""
