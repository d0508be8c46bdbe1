"""The kinds of files that people have, and what can be done with each: one row for one kind."""

from dataclasses import dataclass
from typing import Literal

Magic = bytes | tuple[int, bytes]  # at the start of a file, or at an offset


@dataclass(frozen=True)
class Kind:
    """One kind of file."""

    key: str
    title: str
    read_as: Literal["picture", "data", "model"] | None  # None: it cannot be opened here
    suffixes: str = ""  # without their dots
    magic: tuple[Magic, ...] = ()
    remedy: str = ""  # what to do; of what can be opened as data, what of it is read
    python: str = ""  # the line of Python that makes a file which can be opened


_EDITOR = "open it in an image editor and save it as PNG"
_PILLOW = 'Image.open(path).convert("RGB").save("picture.png")'
_INSIDE = "save the picture in it as PNG"
_UNPACK = "unpack it and open the folder"
_MODELS = "only models that VAE Explorer has saved are read"
_OTHER = "choose a picture or a data set"

# fmt: off
KINDS = (
    # pictures
    Kind("png", "a PNG picture", "picture", "png apng", magic=(b"\x89PNG\r\n\x1a\n",)),
    Kind("jpeg", "a JPEG picture", "picture", "jpg jpeg jpe jfif", magic=(b"\xff\xd8\xff",)),
    Kind("gif", "a GIF picture", "picture", "gif", magic=(b"GIF87a", b"GIF89a")),
    Kind("bmp", "a BMP picture", "picture", "bmp dib", magic=(b"BM",)),
    Kind("webp", "a WebP picture", "picture", "webp", magic=((8, b"WEBP"),)),
    Kind("tiff", "a TIFF picture", "picture", "tif tiff", magic=(b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")),
    Kind("avif", "an AVIF picture", "picture", "avif"),
    Kind("pnm", "a PNM picture (PBM, PGM or PPM)", "picture", "pbm pgm ppm pnm"),
    Kind("heic", "a HEIC photo", "picture", "heic heif hif"),
    # pictures that are not read
    Kind("svg", "an SVG drawing", None, "svg svgz", remedy=_EDITOR,
         python='cairosvg.svg2png(url=path, write_to="picture.png")'),
    Kind("pdf", "a PDF document", None, "pdf", magic=(b"%PDF",), remedy="save the page as PNG",
         python='pdf2image.convert_from_path(path)[0].save("1.png")'),
    Kind("postscript", "a PostScript drawing", None, "eps ps ai", magic=(b"%!PS", b"\xc5\xd0\xd3\xc6"),
         remedy=_EDITOR, python=_PILLOW),
    Kind("psd", "a Photoshop document", None, "psd psb", magic=(b"8BPS",),
         remedy="open it in the program that made it and export it as PNG", python=_PILLOW),
    Kind("xcf", "a GIMP document", None, "xcf", magic=(b"gimp xcf",),
         remedy="open it in the program that made it and export it as PNG"),
    Kind("ico", "a Windows icon", None, "ico cur", magic=(b"\x00\x00\x01\x00",),
         remedy=_EDITOR, python=_PILLOW),
    Kind("icns", "a macOS icon", None, "icns", magic=(b"icns",),
         remedy=_EDITOR, python=_PILLOW),
    Kind("jp2", "a JPEG 2000 picture", None, "jp2 j2k jpx", magic=(b"\x00\x00\x00\x0cjP  \r\n\x87\n", b"\xffO\xffQ"),
         remedy=_EDITOR, python=_PILLOW),
    Kind("jxl", "a JPEG XL picture", None, "jxl", magic=(b"\x00\x00\x00\x0cJXL \r\n\x87\n", b"\xff\n"),
         remedy=_EDITOR, python='imageio.imwrite("picture.png", imagecodecs.imread(path))'),
    Kind("raw", "a camera's raw photo", None, "cr2 cr3 nef nrw arw dng orf rw2 raf pef srw",
         magic=(b"IIRO", b"IIRS", b"IIU\x00", b"FUJIFILMCCD-RAW"), remedy="develop it and save it as JPEG or PNG",
         python='Image.fromarray(rawpy.imread(path).postprocess()).save("picture.png")'),
    Kind("exr", "an OpenEXR picture", None, "exr", magic=(b"v/1\x01",), remedy="tone-map it and save it as PNG"),
    Kind("hdr", "a Radiance HDR picture", None, "hdr", magic=(b"#?RADIANCE", b"#?RGBE"),
         remedy="tone-map it and save it as PNG"),
    Kind("dds", "a DDS texture", None, "dds", magic=(b"DDS ",),
         remedy=_EDITOR, python=_PILLOW),
    Kind("tga", "a Targa picture", None, "tga", remedy=_EDITOR, python=_PILLOW),
    Kind("pcx", "a PCX picture", None, "pcx", remedy=_EDITOR, python=_PILLOW),
    Kind("qoi", "a QOI picture", None, "qoi", magic=(b"qoif",),
         remedy=_EDITOR, python=_PILLOW),
    Kind("xbitmap", "an X bitmap", None, "xbm xpm", remedy=_EDITOR, python=_PILLOW),
    Kind("metafile", "a Windows metafile", None, "wmf emf", magic=(b"\xd7\xcd\xc6\x9a", (40, b" EMF")),
         remedy=_EDITOR),
    Kind("djvu", "a DjVu document", None, "djvu", magic=(b"AT&TFORM",), remedy="save the page as PNG"),
    # science
    Kind("dicom", "a DICOM file", None, "dcm dicom", magic=((128, b"DICM"),), remedy="export it as PNG",
         python='np.save("scan.npy", pydicom.dcmread(path).pixel_array[None])'),
    Kind("nifti", "a NIfTI volume", None, "nii", magic=((344, b"n+1\x00"), (344, b"ni1\x00")),
         remedy="save its slices as an NPY",
         python='np.save("slices.npy", np.moveaxis(nibabel.load(path).get_fdata(), 2, 0))'),
    Kind("fits", "a FITS file", None, "fits fit fts", magic=(b"SIMPLE  =",), remedy="save it as an NPY",
         python='np.save("image.npy", fits.getdata(path)[None])'),
    # data sets
    Kind("npy", "an NPY array", "data", "npy", magic=(b"\x93NUMPY",),
         remedy="images of the shape (n, height, width) are read"),
    Kind("npz", "an NPZ of arrays", "data", "npz", remedy="images of the shape (n, height, width) are read"),
    Kind("idx", "an IDX file", "data", "", remedy="its images are read, and the labels that lie with them"),
    Kind("csv", "a CSV table", "data", "csv",
         remedy="a row for each image is read, with a column for each pixel or a column “pixels”"),
    Kind("tsv", "a table of text", "data", "tsv", remedy="a row for each image is read, with its pixels in columns"),
    Kind("mat", "a MATLAB file", "data", "mat", magic=(b"MATLAB 5.0 MAT-file",),
         remedy="an array of images in it is read"),
    Kind("hdf5", "an HDF5 file", "data", "h5 hdf5 hdf he5",
         magic=(b"MATLAB 7.3 MAT-file", b"\x89HDF\r\n\x1a\n", (512, b"\x89HDF\r\n\x1a\n")),
         remedy="an array of images in it is read"),
    Kind("parquet", "a Parquet table", "data", "parquet", magic=(b"PAR1",), remedy="a column of pictures is read"),
    Kind("tar", "a tar archive", "data", "tar tgz", magic=((257, b"ustar"),), remedy="pictures in it are read"),
    Kind("zip", "a ZIP archive", "data", "zip", magic=(b"PK\x03\x04", b"PK\x05\x06"),
         remedy="pictures or arrays in it are read"),
    Kind("cifar", "a binary file of CIFAR or STL-10", "data", "",
         remedy="it is read under its own name, data_batch_1.bin"),
    # data sets in a form that is not read
    Kind("arrow", "an Arrow table", None, "arrow feather", magic=(b"ARROW1", b"FEA1"), remedy="save it as Parquet",
         python='pq.write_table(pa.ipc.open_file(path).read_all(), "table.parquet")'),
    Kind("tfrecord", "a TFRecord file", None, "tfrecord tfrecords",
         remedy="save its images as PNG, or as an NPZ: images with labels",
         python='np.savez("set.npz", images=images, labels=labels)'),
    Kind("lmdb", "an LMDB database", None, "mdb lmdb", magic=((16, b"\xde\xc0\xef\xbe"),),
         remedy="save its images as PNG: a folder for each class"),
    Kind("sqlite", "an SQLite database", None, "sqlite sqlite3 db", magic=(b"SQLite format 3\x00",),
         remedy="save its images as PNG: a folder for each class"),
    Kind("pickle", "a Python pickle", None, "pkl pickle joblib",
         remedy="it can run any code and is not opened; save its arrays as NPZ (of CIFAR, the binary version is read)",
         python='np.savez("set.npz", images=images, labels=labels)'),
    Kind("numpy text", "a text file of numbers", None, "",
         remedy="save the images as an NPY of the shape (n, height, width)",
         python='np.save("images.npy", np.loadtxt(path))'),
    Kind("json", "a JSON file", None, "json",
         remedy="it describes images and holds none; open the folder that they lie in"),
    Kind("jsonl", "a JSON Lines file", None, "jsonl ndjson",
         remedy="it describes images and holds none; open the folder that they lie in"),
    Kind("excel", "an Excel workbook", None, "xlsx xls ods", remedy="save it as CSV",
         python='pd.read_excel(path).to_csv("table.csv", index=False)'),
    # packed
    Kind("gzip", "a gzipped file", None, "gz", magic=(b"\x1f\x8b",), remedy="unpack it first: gunzip FILE"),
    Kind("bzip2", "a file packed by bzip2", None, "bz2", magic=(b"BZh",), remedy="unpack it first: bunzip2 FILE"),
    Kind("xz", "a file packed by xz", None, "xz", magic=(b"\xfd7zXZ\x00",), remedy="unpack it first: unxz FILE"),
    Kind("zstd", "a file packed by zstd", None, "zst zstd", magic=(b"(\xb5/\xfd",),
         remedy="unpack it first: unzstd FILE"),
    Kind("lz4", "a file packed by lz4", None, "lz4", magic=(b"\x04\"M\x18",), remedy="unpack it first: unlz4 FILE"),
    Kind("7z", "a 7z archive", None, "7z", magic=(b"7z\xbc\xaf'\x1c",), remedy=_UNPACK),
    Kind("rar", "a RAR archive", None, "rar", magic=(b"Rar!\x1a\x07",), remedy=_UNPACK),
    Kind("disk", "a disk image", None, "iso dmg img vhd", remedy="open the files in it"),
    # models
    Kind("safetensors", "a safetensors file", "model", "safetensors", remedy=_MODELS),
    Kind("torch", "a PyTorch file", None, "pt pth ckpt",
         remedy="it is a pickle, which can run any code, and is not opened; save tensors of images as NPY",
         python='np.save("images.npy", images.numpy())'),
    Kind("onnx", "an ONNX model", None, "onnx", remedy=_MODELS),
    Kind("gguf", "a GGUF model", None, "gguf", magic=(b"GGUF",),
         remedy=_MODELS),
    # what else lies around
    Kind("video", "a video", None, "mp4 m4v mkv avi webm mov mpg mpeg wmv flv ogv",
         magic=((8, b"AVI "), b"\x1aE\xdf\xa3", b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3", b"FLV\x01",
                b"0&\xb2u\x8ef\xcf\x11"),
         remedy="save its frames as PNG, for example: ffmpeg -i FILE frame%05d.png"),
    Kind("audio", "a sound file", None, "wav mp3 flac ogg m4a aac mid",
         magic=((8, b"WAVE"), b"fLaC", b"OggS", b"ID3", b"\xff\xfb", b"MThd"), remedy="choose a picture"),
    Kind("word", "a Word document", None, "docx doc", remedy=_INSIDE),
    Kind("powerpoint", "a PowerPoint presentation", None, "pptx ppt", remedy=_INSIDE),
    Kind("office", "an office document", None, "odt odp rtf pages key",
         magic=(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"{\\rtf"), remedy=_INSIDE),
    Kind("html", "a web page", None, "html htm mhtml",
         remedy="it may be a page about the file, saved in its place: download the file itself"),
    Kind("lfs", "a Git LFS pointer", None, "", magic=(b"version https://git-lfs",),
         remedy="the file itself was not downloaded: git lfs pull"),
    Kind("xml", "an XML file", None, "xml xhtml", remedy=_OTHER),
    Kind("notebook", "a Jupyter notebook", None, "ipynb", remedy="save the images from it with np.save"),
    Kind("python", "a Python program", None, "py", remedy="it is not run; open what it saves"),
    Kind("markdown", "a text file", None, "md rst", remedy=_OTHER),
    Kind("text", "a text file", None, "txt log", remedy=_OTHER),
    Kind("program", "a program", None, "exe dll so",
         magic=(b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\x00asm"),
         remedy=_OTHER),
    Kind("font", "a font", None, "ttf otf woff woff2",
         magic=(b"OTTO", b"\x00\x01\x00\x00\x00", b"wOFF", b"wOF2", b"ttcf"), remedy=_OTHER),
    Kind("shortcut", "a shortcut", None, "lnk url webloc desktop",
         magic=(b"L\x00\x00\x00\x01\x14\x02\x00", b"bplist"), remedy="open the file that it points to"),
    Kind("part", "an unfinished download", None, "part crdownload download",
         remedy="wait until it is complete, or download it again"),
)
# fmt: on
