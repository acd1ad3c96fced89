"""Puts pictures below each other, each under its title. Usage: stack.py TARGET TITLE FILE [TITLE FILE ...]. Prints one line of JSON."""
import json
import sys

from PIL import Image, ImageDraw

LIMIT = 4000
target, words = sys.argv[1], sys.argv[2:]
rows = [(title, Image.open(file).convert("RGB")) for title, file in zip(words[::2], words[1::2])]
line = 22
sheet = Image.new("RGB", (max(i.width for _, i in rows), sum(i.height + line for _, i in rows)), (24, 24, 28))
pen, y = ImageDraw.Draw(sheet), 0
for title, image in rows:
    pen.text((8, y + 5), title, fill=(255, 255, 255))
    sheet.paste(image, (0, y + line))
    y += image.height + line
# Size and palette keep the repository small.
if sheet.height > LIMIT:
    sheet = sheet.resize((sheet.width * LIMIT // sheet.height, LIMIT), Image.Resampling.LANCZOS)
sheet.quantize(128).save(target, optimize=True)
print(json.dumps({"width": sheet.width, "height": sheet.height}))
