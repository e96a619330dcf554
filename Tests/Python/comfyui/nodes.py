"""The node types that the server knows: ComfyUI's own, as far as tests need them, and probes that misbehave."""
import hashlib
import os
import sys
import time

from .pictures import Picture, film


class Interrupted(Exception):
    """The prompt is to end; honoured at ticks and between nodes, as in ComfyUI."""


class OutOfMemoryError(RuntimeError):
    __module__ = "torch"


class UnidentifiedImageError(OSError):
    __module__ = "PIL"


def whole(low, high, default=None):
    return ["INT", {"min": low, "max": high} | ({} if default is None else {"default": default})]


def decimal(low, high):
    return ["FLOAT", {"min": low, "max": high}]


TEXT = ["STRING", {}]
IMAGE = ["IMAGE", {}]
METHODS = [["nearest-exact", "bilinear", "area", "bicubic", "lanczos"], {}]
CHECKPOINTS = [["sd15.safetensors", "sdxl.safetensors"], {}]
SEED = whole(0, 0xFFFFFFFFFFFFFFFF)


class Node:
    required, optional, returns, is_output = {}, {}, [], False

    def __init__(self, run):
        """`run` is the running prompt: folders, ticks, previews."""
        self.run = run


class EmptyImage(Node):
    required = {"width": whole(1, 16384, 512), "height": whole(1, 16384, 512), "batch_size": whole(1, 4096, 1),
                "color": whole(0, 0xFFFFFF, 0)}
    returns = ["IMAGE"]

    def do(self, width, height, batch_size, color):
        size = width * height * batch_size * 4
        if size * 3 > 1 << 32:
            raise RuntimeError(
                "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to "
                f"allocate {size} bytes. Error code 12 (Cannot allocate memory)")
        return [Picture.plain(width, height, color)] * batch_size


class LoadImage(Node):
    required = {"image": TEXT}
    returns = ["IMAGE", "MASK"]

    def do(self, image):
        path = self.run.server.annotated(image)
        with open(path, "rb") as file:
            data = file.read()
        try:
            return [Picture.read(data)]
        except Exception:
            raise UnidentifiedImageError(f"cannot identify image file '{path}'") from None


class ImageScale(Node):
    required = {"image": IMAGE, "upscale_method": METHODS, "width": whole(0, 16384), "height": whole(0, 16384),
                "crop": [["disabled", "center"], {}]}
    returns = ["IMAGE"]

    def do(self, image, upscale_method, width, height, crop):
        return [picture.scaled(width, height) for picture in image]


class ImageInvert(Node):
    required = {"image": IMAGE}
    returns = ["IMAGE"]

    def do(self, image):
        return [picture.inverted() for picture in image]


class ImageBatch(Node):
    required = {"image1": IMAGE, "image2": IMAGE}
    returns = ["IMAGE"]

    def do(self, image1, image2):
        return image1 + [picture.scaled(image1[0].width, image1[0].height) for picture in image2]


class CreateVideo(Node):
    required = {"images": IMAGE, "fps": decimal(1, 120)}
    returns = ["VIDEO"]

    def do(self, images, fps):
        return (images, fps)


class Save(Node):
    is_output = True
    kind, ending, place = "images", "png", "output"

    def save(self, datas, prefix, ending=None):
        root = self.run.server.folder(self.place)
        folder, name = os.path.split(os.path.normpath(prefix))
        full = os.path.abspath(os.path.join(root, folder))
        if os.path.commonpath((root, full)) != root:
            raise Exception(
                "**** ERROR: Saving image outside the output folder is not allowed.\n"
                f" full_output_folder: {full}\n         output_dir: {root}\n")
        os.makedirs(full, exist_ok=True)
        counters = [0]
        for other in os.listdir(full):
            digits = other[len(name) + 1:].split("_")[0]
            if other.startswith(name + "_") and digits.isdigit():
                counters.append(int(digits))
        records = []
        for counter, data in enumerate(datas, max(counters) + 1):
            file = f"{name}_{counter:05}_.{ending or self.ending}"
            with open(os.path.join(full, file), "wb") as out:
                out.write(data)
            records.append({"filename": file, "subfolder": folder, "type": self.place})
        return records


class SaveImage(Save):
    required = {"images": IMAGE, "filename_prefix": TEXT}

    def do(self, images, filename_prefix):
        texts = [("prompt", self.run.text)]
        return {"ui": {"images": self.save([picture.png(texts) for picture in images], filename_prefix)}}


class PreviewImage(Save):
    required = {"images": IMAGE}
    place = "temp"

    def do(self, images):
        return {"ui": {"images": self.save([picture.png() for picture in images], "ComfyUI_temp")}}


class SaveVideo(Save):
    required = {"video": ["VIDEO", {}], "filename_prefix": TEXT, "format": [["auto", "mp4"], {}]}
    ending = "mp4"

    def do(self, video, filename_prefix, format, **codec):
        pictures, rate = video
        return {"ui": {"images": self.save([film(pictures, rate)], filename_prefix), "animated": [True]}}


class CheckpointLoaderSimple(Node):
    required = {"ckpt_name": CHECKPOINTS}
    returns = ["MODEL", "CLIP", "VAE"]

    def do(self, ckpt_name):
        return ckpt_name


class CLIPTextEncode(Node):
    required = {"clip": ["CLIP", {}], "text": TEXT}
    returns = ["CONDITIONING"]

    def do(self, clip, text):
        return text


class EmptyLatentImage(Node):
    required = {"width": whole(16, 16384), "height": whole(16, 16384), "batch_size": whole(1, 4096)}
    returns = ["LATENT"]

    def do(self, width, height, batch_size):
        return [Picture.plain(width, height, 0x808080)] * batch_size


class VAEEncode(Node):
    required = {"pixels": IMAGE, "vae": ["VAE", {}]}
    returns = ["LATENT"]

    def do(self, pixels, vae):
        return pixels


class KSampler(Node):
    """A colour of seed and words instead of a picture, in as many steps."""
    required = {"model": ["MODEL", {}], "seed": SEED, "steps": whole(1, 10000), "cfg": decimal(0, 100),
                "sampler_name": [["euler", "dpmpp_2m"], {}], "scheduler": [["normal", "karras"], {}],
                "positive": ["CONDITIONING", {}], "negative": ["CONDITIONING", {}], "latent_image": ["LATENT", {}],
                "denoise": decimal(0, 1)}
    returns = ["LATENT"]

    def do(self, seed, steps, positive, negative, latent_image, denoise, **rest):
        for step in range(steps):
            self.run.tick(step + 1, steps)
        digest = hashlib.sha256(f"{seed}|{positive}|{negative}|{denoise}".encode()).digest()
        return [Picture.plain(p.width, p.height, int.from_bytes(digest[:3], "big")) for p in latent_image]


class VAEDecode(Node):
    required = {"samples": ["LATENT", {}], "vae": ["VAE", {}]}
    returns = ["IMAGE"]

    def do(self, samples, vae):
        return samples


class ProbeSteps(Node):
    """Goes on step by step; waits at the step `hold_at` for a file, and hears an interrupt there."""
    required = {"image": IMAGE, "steps": whole(1, 10000)}
    optional = {"preview": [["none", "png", "large"], {}], "hold": TEXT, "hold_at": whole(0, 10000), "seed": SEED}
    returns = ["IMAGE"]

    def do(self, image, steps, preview="none", hold="", hold_at=1, seed=0):
        pictures = {"none": None, "png": image[0].scaled(64, 0).png(),
                    "large": Picture(256, 256, os.urandom(256 * 256 * 3)).png() if preview == "large" else None}
        for step in range(1, steps + 1):
            self.run.tick(step, steps, pictures[preview], is_told=step == hold_at)
            while step == hold_at and hold and not os.path.exists(hold):
                self.run.check()
                time.sleep(0.005)
        return image


class ProbeBlock(Node):
    """Native code: hears nothing until a file is there."""
    required = {"image": IMAGE, "hold": TEXT}
    returns = ["IMAGE"]

    def do(self, image, hold):
        while hold and not os.path.exists(hold):
            time.sleep(0.005)
        return image


class ProbeFailure(Node):
    required = {"image": IMAGE, "how": TEXT}
    returns = ["IMAGE"]

    def do(self, image, how):
        if how == "process":
            os._exit(1)
        if how == "executor":
            sys.exit("the executor is gone")
        if how == "cuda":
            raise OutOfMemoryError("Allocation on device 0 would exceed allowed memory. (out of memory)")
        if how == "value":
            raise ValueError("the size 3 does not fit /srv/comfyui/models/unet/secret.safetensors")
        if how == "error":
            raise RuntimeError("something went wrong in /srv/comfyui/custom_nodes/pack/node.py")
        return image


class ProbeText(Node):
    """Says text by the socket, and a number that JSON has not."""
    required = {"image": IMAGE, "text": TEXT}
    returns = ["IMAGE"]
    is_output = True

    def do(self, image, text):
        self.run.say(text)
        return {"ui": {"text": [text], "score": [float("nan")]}, "result": image}


class ProbeFiles(Save):
    """Files of kinds that ComfyUI's own nodes do not have."""
    required = {"images": IMAGE, "filename_prefix": TEXT, "make": TEXT}
    returns = ["IMAGE"]

    def do(self, images, filename_prefix, make):
        png = images[0].png()
        if make == "two":
            return {"ui": {"images": self.save([png, png], filename_prefix)}}
        if make == "kinds":
            return {"ui": {"gifs": self.save([b"GIF89a" + bytes(20)], filename_prefix, "gif"), "text": ["hello"],
                           "pictures": self.save([png], filename_prefix + "-b", "png"), "animated": [False]}}
        if make == "lie":
            return {"ui": {"images": self.save([b"<html>no picture</html>"], filename_prefix)}}
        if make == "empty":
            return {"ui": {"images": self.save([b""], filename_prefix)}}
        if make == "large":
            return {"ui": {"images": self.save([png + bytes(3 << 20)], filename_prefix)}}
        if make == "lost":
            records = self.save([png], filename_prefix)
            os.remove(os.path.join(self.run.server.folder("output"), records[0]["subfolder"], records[0]["filename"]))
            return {"ui": {"images": records}}
        return {"ui": {}}


KNOWN = {node.__name__: node for node in (
    EmptyImage, LoadImage, ImageScale, ImageInvert, ImageBatch, CreateVideo, SaveImage, PreviewImage, SaveVideo,
    CheckpointLoaderSimple, CLIPTextEncode, EmptyLatentImage, VAEEncode, KSampler, VAEDecode,
    ProbeSteps, ProbeBlock, ProbeFailure, ProbeText, ProbeFiles)}
