"""libvips and Pillow at work: `peers.py STACK FOLDER CASE COUNT`, or `peers.py png FOLDER WIDTH PATH` for a result without loss."""

import io
import os
import sys

stack, folder, case, last = sys.argv[1:5]
TEXT = "仅供示例"


def read(name):
    with open(os.path.join(folder, name), "rb") as file:
        return file.read()


def libvips(source, mark):
    import pyvips

    if case == "GIF":
        return pyvips.Image.thumbnail_buffer(source, 240, height=10000000, option_string="[n=-1]").gifsave_buffer()
    if case == "PNG":
        return pyvips.Image.thumbnail_buffer(source, 800, height=10000000).pngsave_buffer()
    image = pyvips.Image.thumbnail_buffer(source, 200 if case == "T1" else 1080, height=10000000)
    if case == "T3":
        text = pyvips.Image.text(TEXT, font="WenQuanYi Micro Hei 36", fontfile=os.environ["FONT"], rgba=True)
        logo = pyvips.Image.new_from_buffer(mark, "")
        place = [image.width - text.width - 10, 10], [image.height - text.height - 10, 10]
        image = image.composite([text, logo], ["over", "over"], x=place[0], y=place[1]).flatten()
    return image.jpegsave_buffer(Q=80)


def pillow(source, mark):
    from PIL import Image, ImageDraw, ImageFont, ImageSequence

    image = Image.open(io.BytesIO(source))
    out = io.BytesIO()
    if case == "GIF":
        size = (240, round(image.height * 240 / image.width))
        frames = [frame.convert("RGBA").resize(size, Image.LANCZOS) for frame in ImageSequence.Iterator(image)]
        frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
        return out.getvalue()
    width = {"T1": 200, "T2": 1080, "T3": 1080, "PNG": 800}[case]
    size = (width, round(image.height * width / image.width))
    if case != "PNG":
        image.draft("RGB", size)
    image = image.resize(size, Image.LANCZOS)
    if case == "T3":
        draw = ImageDraw.Draw(image)
        draw.text((width - 210, size[1] - 60), TEXT, fill="white", font=ImageFont.truetype(os.environ["FONT"], 48))
        logo = Image.open(io.BytesIO(mark))
        image.paste(logo, (10, 10), logo)
    image.save(out, "PNG" if case == "PNG" else "JPEG", quality=80)
    return out.getvalue()


if stack == "png":
    import pyvips

    pyvips.Image.thumbnail_buffer(read("photo.jpg"), int(case), height=10000000).write_to_file(last)
else:
    work = {"libvips": libvips, "pillow": pillow}[stack]
    source = read({"PNG": "alpha.png", "GIF": "frames.gif"}.get(case, "photo.jpg"))
    mark = read("mark.png")
    for _ in range(int(last)):
        work(source, mark)
