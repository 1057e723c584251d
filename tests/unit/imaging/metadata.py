"""Pictures with metadata, and what is left of both."""

import io
import struct
import zlib

from PIL import ExifTags, Image

from shared.imaging.judge import judge
from shared.imaging.location import without_location
from tests.unit.imaging.pictures import photo

CAT = photo("cat").resize((120, 80))
KINDS = ["JPEG", "PNG", "WEBP"]
XMP = (
    b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b"<rdf:RDF><rdf:Description exif:GPSLatitude=\"51,30.5N\" exif:GPSLongitude = '0,7.6W'"
    b' drone-dji:GpsLatitude="51.5" dc:rights="CC BY 4.0">'
    b"<exif:GPSAltitude>11/1</exif:GPSAltitude><dc:creator>Jane</dc:creator>"
    b"<exif:GPSMapDatum />"
    b"</rdf:Description></rdf:RDF></x:xmpmeta>"
)


def exif(order: str = "MM") -> Image.Exif:
    """What a camera writes, with a position."""
    made = Image.Exif()
    made.endian = "<" if order == "II" else ">"
    made[ExifTags.Base.Orientation] = 6
    made[ExifTags.Base.Make] = "Camera"
    made[ExifTags.Base.Copyright] = "Jane"
    gps = made.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitudeRef] = "N"
    gps[ExifTags.GPS.GPSLatitude] = (51.0, 30.0, 27.5)
    gps[ExifTags.GPS.GPSLongitudeRef] = "W"
    gps[ExifTags.GPS.GPSLongitude] = (0.0, 7.0, 39.5)
    gps[ExifTags.GPS.GPSAreaInformation] = b"somewhere secret"
    details = made.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.LensModel] = "Lens 50 mm"
    return made


def pixels(body: bytes) -> bytes:
    with Image.open(io.BytesIO(body)) as image:
        return image.tobytes()


def cleaned(body: bytes, kind: str) -> bytes:
    """Without location; the picture and the judgement are those of before."""
    result = without_location(body, kind)
    assert pixels(result) == pixels(body)
    assert judge(result) == judge(body)
    return result


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
