"""Bodies of requests and answers."""

from datetime import datetime
from enum import Enum
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, Extra, Field, SecretStr, conint, constr, root_validator, validator

Description = constr(strip_whitespace=True, max_length=255)
Name = constr(strip_whitespace=True, min_length=1, max_length=64)
Username = constr(regex=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$")
RouteDistinguisher = constr(regex=r"^[0-9.]{1,15}:[0-9]{1,10}$")
Vlan = conint(ge=1, le=4094)


def utc_text(at: datetime) -> str:
    return at.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


class Role(str, Enum):
    admin = "admin"
    operator = "operator"
    viewer = "viewer"


class Request(BaseModel):
    class Config:
        extra = Extra.forbid

    # Forms send an empty text where a program would send null.
    @validator("rd", "gateway", "hostname", "mac", "address", pre=True, check_fields=False)
    def empty_is_none(cls, value: Any) -> Any:
        return None if value == "" else value

    @validator("description", pre=True, check_fields=False)
    def none_is_empty(cls, value: Any) -> Any:
        return "" if value is None else value


class Change(Request):
    """Absent fields stay as they are; null empties a field that may be empty."""

    never_null: ClassVar[frozenset] = frozenset()

    @root_validator(pre=True)
    def refuse_null(cls, values: dict) -> dict:
        for name in cls.never_null:
            if name in values and values[name] is None:
                raise ValueError(f"{name} must not be null")
        return values

    def given(self) -> dict:
        return self.dict(exclude_unset=True)


class Answer(BaseModel):
    class Config:
        json_encoders = {datetime: utc_text}


class Credentials(Request):
    username: constr(min_length=1, max_length=64)
    password: SecretStr = Field(..., max_length=256)


class PasswordChange(Request):
    current: SecretStr
    new: SecretStr


class Me(Answer):
    id: int
    username: str
    role: Role
    must_change_password: bool


class Login(Answer):
    access_token: str
    token_type: Literal["bearer"] = "bearer"
    expires_in: int
    user: Me


class User(Answer):
    id: int
    username: str
    role: Role
    active: bool
    must_change_password: bool
    created_at: datetime
    last_login_at: datetime | None


class NewUser(Request):
    username: Username
    password: SecretStr
    role: Role
    must_change_password: bool = False


class UserChange(Change):
    never_null = frozenset({"role", "active", "password", "must_change_password"})

    role: Role | None
    active: bool | None
    password: SecretStr | None
    must_change_password: bool | None


class Vrf(Answer):
    id: int
    name: str
    rd: str | None
    description: str
    subnet_count: int


class NewVrf(Request):
    name: Name
    rd: RouteDistinguisher | None
    description: Description = ""


class VrfChange(Change):
    never_null = frozenset({"name"})

    name: Name | None
    rd: RouteDistinguisher | None
    description: Description | None


class Subnet(Answer):
    id: int
    vrf_id: int
    parent_id: int | None
    cidr: str
    family: Literal[4, 6]
    vlan: int | None
    description: str
    gateway: str | None
    total: str = Field(..., description="Host addresses, as a decimal string")
    used: int
    reserved: int
    free: str = Field(..., description="Free host addresses, as a decimal string")
    utilisation: float = Field(..., ge=0, le=1)
    has_children: bool


class SubnetDetail(Subnet):
    network: str
    broadcast: str | None
    netmask: str
    first: str
    last: str


class NewSubnet(Request):
    vrf_id: int
    cidr: str
    vlan: Vlan | None
    description: Description = ""
    gateway: str | None


class SubnetChange(Change):
    vlan: Vlan | None
    description: Description | None
    gateway: str | None


class AddressState(str, Enum):
    used = "used"
    reserved = "reserved"


class CellState(str, Enum):
    free = "free"
    used = "used"
    reserved = "reserved"
    gateway = "gateway"
    network = "network"
    broadcast = "broadcast"


class Address(Answer):
    id: int
    address: str
    subnet_id: int
    cidr: str
    vrf_id: int
    hostname: str | None
    mac: str | None
    state: AddressState
    description: str
    created_at: datetime
    updated_at: datetime


class AddressCell(Answer):
    address: str
    state: CellState
    id: int | None
    hostname: str | None
    mac: str | None
    description: str | None
    updated_at: datetime | None


class AddressPage(Answer):
    total: int = Field(..., description="Rows in all pages")
    offset: int
    items: list[AddressCell]


class Assignment(Request):
    """What an address is given to."""

    hostname: str | None
    mac: str | None
    description: Description = ""


class NewAddress(Assignment):
    subnet_id: int
    address: str


class Reservation(Request):
    address: str | None
    description: Description = ""


class AddressChange(Change):
    never_null = frozenset({"state"})

    hostname: str | None
    mac: str | None
    description: Description | None
    state: AddressState | None


class ImportProblem(Answer):
    line: int
    code: str
    message: str


class ImportResult(Answer):
    created: int
    updated: int
    errors: list[ImportProblem]


class SearchResult(Answer):
    subnets: list[Subnet]
    addresses: list[Address]


class AuditEntry(Answer):
    id: int
    at: datetime
    username: str
    action: str
    object_type: str
    object_id: int | None
    object: str
    detail: Any


class AuditPage(Answer):
    items: list[AuditEntry]


class FamilySummary(Answer):
    subnets: int
    used: int
    total: str


class Dashboard(Answer):
    subnets: int
    addresses_used: int
    addresses_reserved: int
    vrfs: int
    hosts: int
    top: list[Subnet]
    recent: list[AuditEntry]
    by_family: dict[str, FamilySummary]


class Check(Answer):
    ok: bool
    ms: float


class Health(Answer):
    status: Literal["ok", "degraded"]
    version: str
    checks: dict[str, Check]
