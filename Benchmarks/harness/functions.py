"""Every function of the media engine as a worker runs it, beside the `ffmpeg` program with equal settings; in turn in one run.

Ours is the whole child process: its start, its sandbox, probing and judging of the input included. Frames a second and CPU
time are told as ratios, over 1 where ours is better. What `ffmpeg` cannot do in one call is given as the calls it takes.
"""

import json
import os
import pathlib
import shutil
import statistics
import subprocess
import time
import zipfile

from services import BINARIES, HOME

PLACE = HOME / "functions"
LIMITS = {"memory": 16 << 30, "processorSeconds": 36_000, "fileSize": 256 << 30, "openFiles": 256}
FFMPEG = ["ffmpeg", "-y", "-v", "error", "-nostdin"]


class Spent:
    def __init__(self, wall: float, cpu: float, megabytes: float):
        self.wall, self.cpu, self.megabytes = wall, cpu, megabytes


def waited(process: subprocess.Popen, began: float, what: str) -> Spent:
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{what} ended with {process.returncode}")
    return Spent(time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def ours(function: str, inputs: dict, output: str, parameters: dict, quality: str = "standard", **companions: str) -> Spent:
    """One media job, as the worker starts it; its standard input stays open until it is done."""
    for path in (output, *companions.values()):
        pathlib.Path(path).unlink(missing_ok=True)
    request = {
        "parent": os.getpid(), "operation": function, "output": output, "companions": companions, "quality": quality,
        "seed": 1, "limits": LIMITS, "parameters": parameters,
        "inputs": {port: value if isinstance(value, list) else [value] for port, value in inputs.items()},
    }
    with (PLACE / "ours.log").open("w+b") as log:
        began = time.perf_counter()
        process = subprocess.Popen(
            [str(BINARIES / "RenderWorker"), "media-job"], stdin=subprocess.PIPE, stdout=log, stderr=log)
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()
        try:
            return waited(process, began, f"{function}: see {log.name}, it")
        finally:
            process.stdin.close()


def theirs(*calls: list[str]) -> Spent:
    """What `ffmpeg` does, call after call."""
    total = Spent(0, 0, 0)
    for call in calls:
        began = time.perf_counter()
        spent = waited(subprocess.Popen(FFMPEG + call, stderr=subprocess.DEVNULL), began, " ".join(call[:4]))
        total = Spent(total.wall + spent.wall, total.cpu + spent.cpu, max(total.megabytes, spent.megabytes))
    return total


def film(name: str, seconds: int, *how: str, size: str = "1280x720", seed: int = 0) -> str:
    """A film of moving colours with grain, and a tone."""
    path = PLACE / name
    if not path.exists():
        theirs(["-f", "lavfi", "-i", f"testsrc2=size={size}:rate=24:duration={seconds},noise=alls=12:all_seed={seed}:allf=t",
                "-f", "lavfi", "-i", f"sine=frequency=440:duration={seconds}:sample_rate=48000", *how, str(path)])
    return str(path)


def settings() -> dict:
    """The films that the functions are given, and the same frames as pictures."""
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    quick = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "16", "-g", "48", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    source = film("source.mp4", 10, *quick)
    found = {
        "source": source, "other": film("other.mp4", 10, *quick, seed=7),
        "long": film("long.mp4", 120, *quick, size="640x360"), "sound": str(PLACE / "sound.wav"),
    }
    theirs(["-f", "lavfi", "-i", "aevalsrc=0.2*sin(2*PI*(220+t)*t)|0.1*sin(2*PI*330*t):d=600:s=48000",
            "-c:a", "pcm_s16le", found["sound"]])
    frames = PLACE / "frames"
    frames.mkdir()
    theirs(["-i", source, "-frames:v", "120", str(frames / "frame.%04d.png")])
    found["frames"] = sorted(str(path) for path in frames.iterdir())
    return found


def rows(given: dict) -> list[tuple]:
    """(what, frames or seconds of media, ours, theirs)"""
    source, other, sound = given["source"], given["other"], given["sound"]
    out, peer = str(PLACE / "ours."), str(PLACE / "theirs.")
    aac = ["-c:a", "aac", "-b:a", "80000"]
    # The same choices on every processor, which the studio's encodes are bound to.
    x264 = ["-c:v", "libx264", "-preset", "medium", "-crf", "22", "-g", "48", "-pix_fmt", "yuv420p",
            "-x264-params", "cpu-independent=1"]
    web = ["-movflags", "+faststart"]

    def transcode(**parameters) -> callable:
        kind = parameters.get("container", "mp4")
        return lambda: ours("transcode", {"source": source}, out + kind, parameters)

    return [
        ("transcode, H.264", 240, transcode(),
         lambda: theirs(["-i", source, *x264, *aac, *web, peer + "mp4"])),
        ("transcode, H.264 to 640×360", 240, transcode(width=640, height=360),
         lambda: theirs(["-i", source, "-vf", "scale=640:360:flags=bicubic", *x264, *aac, *web, peer + "mp4"])),
        ("transcode, HEVC 10 bit", 240, transcode(videoCodec="hevc", bitDepth="10"),
         lambda: theirs(["-i", source, "-c:v", "libx265", "-preset", "medium", "-crf", "24", "-g", "48", "-pix_fmt",
                         "yuv420p10le", "-x265-params", "log-level=error:open-gop=0", *aac, *web, peer + "mp4"])),
        ("transcode, ProRes HQ", 240, transcode(container="mov", videoCodec="prores", profile="hq"),
         lambda: theirs(["-i", source, "-c:v", "prores_ks", "-profile:v", "hq", "-vendor", "apl0", "-pix_fmt", "yuv422p10le",
                         "-c:a", "pcm_s16le", peer + "mov"])),
        ("transcode, DNxHR HQ", 240, transcode(container="mov", videoCodec="dnxhr", profile="hq"),
         lambda: theirs(["-i", source, "-c:v", "dnxhd", "-profile:v", "dnxhr_hq", "-pix_fmt", "yuv422p",
                         "-c:a", "pcm_s16le", peer + "mov"])),
        ("transcode, VP9", 240, transcode(container="webm"),
         lambda: theirs(["-i", source, "-c:v", "libvpx-vp9", "-deadline", "good", "-cpu-used", "3", "-row-mt", "1", "-crf",
                         "32", "-b:v", "0", "-g", "48", "-tile-columns", "1", "-auto-alt-ref", "1", "-c:a", "libopus", "-b:a", "64000",
                         peer + "webm"])),
        ("transcode, packets copied", 240, transcode(copy="auto", container="mkv"),
         lambda: theirs(["-i", source, "-c", "copy", peer + "mkv"])),
        ("proxy, 540 lines", 240, lambda: ours("proxy", {"source": source}, out + "mp4", {}),
         lambda: theirs(["-i", source, "-vf", "scale=960:540:flags=bicubic", "-c:v", "libx264", "-preset", "veryfast", "-crf",
                         "28", "-g", "12", "-pix_fmt", "yuv420p", "-x264-params", "cpu-independent=1", "-c:a", "aac", "-b:a", "128000", "-ac", "2", *web, peer + "mp4"])),
        ("trim, frames 37 to 205", 168,
         lambda: ours("trim", {"source": source}, out + "mp4", {"inFrame": 37, "outFrame": 205}),
         lambda: theirs(["-i", source, "-vf", "trim=start_frame=37:end_frame=205,setpts=PTS-STARTPTS", "-af",
                         f"atrim={37 / 24}:{205 / 24},asetpts=PTS-STARTPTS", *x264, *aac, *web, peer + "mp4"])),
        ("concat, two films encoded", 480,
         lambda: ours("concat", {"clips": [source, other]}, out + "mp4", {"copy": "never"}),
         lambda: theirs(["-i", source, "-i", other, "-filter_complex", "[0:v][0:a][1:v][1:a]concat=n=2:v=1:a=1", *x264, *aac,
                         *web, peer + "mp4"])),
        ("overlay, four texts and timecode", 240,
         lambda: ours("overlay", {"source": source}, out + "mp4",
                      {"shot": "SHOT-010", "take": "take 3", "text": "Review", "timecode": "01:00:00:00", "watermark": "STUDIO"}),
         lambda: theirs(["-i", source, "-vf", ",".join(
             f"drawtext=text={text}:fontsize=29:fontcolor=white:x={x}:y={y}" for text, x, y in (
                 ("SHOT-010", "20", "20"), ("take", "w-tw-20", "20"), ("Review", "20", "h-th-20"),
                 ("STUDIO", "(w-tw)/2", "(h-th)/2"))) + r",drawtext=timecode='01\:00\:00\:00':rate=24:fontsize=29:fontcolor=white"
             ":x=w-tw-20:y=h-th-20", *x264, "-c:a", "copy", *web, peer + "mp4"])),
        ("compare, PSNR, SSIM, difference", 240,
         lambda: ours("compare", {"reference": source, "candidate": other}, out + "mp4", {}, metrics=out + "json"),
         lambda: theirs(["-i", source, "-i", other, "-filter_complex",
                         "[0:v]split=3[a][b][c];[1:v]split=3[d][e][f];[a][d]psnr[p];[b][e]ssim[s];[p]nullsink;[s]nullsink;"
                         "[c][f]blend=all_mode=difference,lutyuv=y=val*4:u=val:v=val", *x264, "-an", *web, peer + "mp4"])),
        ("control-map, edges", 240, lambda: ours("control-map", {"source": source}, out + "mp4", {}),
         lambda: theirs(["-i", source, "-vf", "format=gray,edgedetect=low=0.08:high=0.2,format=yuv420p", *x264, "-an", *web, peer + "mp4"])),
        ("assemble, 120 PNG", 120, lambda: ours("assemble", {"frames": given["frames"]}, out + "mp4", {}),
         lambda: theirs(["-framerate", "24", "-i", str(PLACE / "frames" / "frame.%04d.png"), *x264, *web, peer + "mp4"])),
        ("disassemble, PNG", 240, lambda: ours("disassemble", {"source": source}, out + "zip", {}),
         lambda: packed(source)),
        ("thumbnail", 1, lambda: ours("thumbnail", {"source": source}, out + "jpg", {"atSeconds": 5}),
         lambda: theirs(["-ss", "5", "-i", source, "-vf", "scale=320:180", "-frames:v", "1", "-q:v", "4", peer + "jpg"])),
        ("sprite, 120 stills", 2880,
         lambda: ours("sprite", {"source": given["long"]}, out + "jpg", {}, index=out + "vtt"),
         lambda: theirs(["-i", given["long"], "-vf", "fps=1,scale=160:90,tile=10x12", "-frames:v", "1", "-q:v", "4", peer + "jpg"])),
        ("contact-sheet, 16 stills", 2880,
         lambda: ours("contact-sheet", {"sources": [given["long"]]}, out + "jpg", {"labels": False}),
         lambda: theirs(["-i", given["long"], "-vf", "fps=16/120,scale=320:180,tile=4x4", "-frames:v", "1", "-q:v", "4", peer + "jpg"])),
        ("waveform, ten minutes", 600, lambda: ours("waveform", {"source": sound}, out + "png", {}, peaks=out + "json"),
         lambda: theirs(["-i", sound, "-filter_complex", "aformat=channel_layouts=mono,showwavespic=s=1800x280", "-frames:v", "1",
                         peer + "png"])),
        ("normalize-audio, ten minutes", 600,
         lambda: ours("normalize-audio", {"source": sound}, out + "wav", {"container": "wav", "loudnessRange": 20}),
         lambda: theirs(["-i", sound, "-af", "loudnorm=I=-23:TP=-1:LRA=20:print_format=json", "-f", "null", "-"],
                        ["-i", sound, "-af", "loudnorm=I=-23:TP=-1:LRA=20:measured_I=-20:measured_TP=-12:measured_LRA=1:"
                         "measured_thresh=-30:linear=true", "-ar", "48000", "-c:a", "pcm_s24le", peer + "wav"],
                        ["-i", peer + "wav", "-af", "ebur128=peak=true", "-f", "null", "-"])),
        ("mux, picture and sound", 240,
         lambda: ours("mux", {"video": source, "audio": [other]}, out + "mkv", {"container": "mkv"}),
         lambda: theirs(["-i", source, "-i", other, "-map", "0:v", "-map", "1:a", "-c", "copy", peer + "mkv"])),
    ]


def packed(source: str) -> Spent:
    """Pictures into a ZIP file without compression, as the function answers them."""
    folder = PLACE / "pictures"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    spent = theirs(["-i", source, "-compression_level", "6", "-pred", "mixed", str(folder / "%04d.png")])
    began, cpu = time.perf_counter(), time.process_time()
    with zipfile.ZipFile(PLACE / "theirs.zip", "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, path.name)
    return Spent(spent.wall + time.perf_counter() - began, spent.cpu + time.process_time() - cpu, spent.megabytes)


def measure(rounds: int, wanted: tuple[str, ...] = ()) -> list[dict]:
    """All rows, or those that begin with one of some words."""
    given = settings()
    results = []
    for what, amount, mine, peers in rows(given):
        if wanted and not what.startswith(wanted):
            continue
        pairs = [(mine(), peers()) for _ in range(rounds)]

        def middle(index: int, key: str) -> float:
            return statistics.median(getattr(pair[index], key) for pair in pairs)

        result = {
            "what": what, "amount": amount,
            "ours": {key: middle(0, key) for key in ("wall", "cpu", "megabytes")},
            "ffmpeg": {key: middle(1, key) for key in ("wall", "cpu", "megabytes")},
        }
        results.append(result)
        print(f"  {what:36} ours {result['ours']['wall']:7.2f} s {result['ours']['cpu']:7.2f} s CPU {result['ours']['megabytes']:5.0f} MB"
              f"   ffmpeg {result['ffmpeg']['wall']:7.2f} s {result['ffmpeg']['cpu']:7.2f} s CPU {result['ffmpeg']['megabytes']:5.0f} MB"
              f"   {result['ffmpeg']['wall'] / result['ours']['wall']:.2f} × frames/s"
              f" {result['ffmpeg']['cpu'] / result['ours']['cpu']:.2f} × CPU", flush=True)
    return results


def memory(minutes: int) -> dict:
    """The most memory that a film of one minute takes, and one of an hour; `ffmpeg` keeps the index of an MP4 in memory too."""
    PLACE.mkdir(parents=True, exist_ok=True)
    quick = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "48", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    found = {}
    for length in (1, minutes):
        source = film(f"minutes-{length}.mp4", length * 60, *quick, size="320x180")
        found[length] = {
            "transcode": ours("transcode", {"source": source}, str(PLACE / "hour.mp4"), {}, "low").megabytes,
            "ffmpeg": theirs(["-i", source, "-c:v", "libx264", "-preset", "veryfast", "-c:a", "aac", "-movflags", "+faststart",
                              str(PLACE / "hour.mp4")]).megabytes,
            "waveform": ours("waveform", {"source": source}, str(PLACE / "hour.png"), {}, peaks=str(PLACE / "hour.json")).megabytes,
            "sprite": ours("sprite", {"source": source}, str(PLACE / "hour.jpg"), {}, index=str(PLACE / "hour.vtt")).megabytes,
        }
        print(f"  {length} min: " + "  ".join(f"{name} {value:.0f} MB" for name, value in found[length].items()), flush=True)
    shutil.rmtree(PLACE)
    return {"minutes": minutes, "megabytes": found}
