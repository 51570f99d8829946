"""Who may take a way in of Nest's: guards that a decorator is handed, and what a route says of itself."""

from pathlib import Path

from tests.commerce.test_roles import roles

GIVEN_GUARDS = {
    "src/roles.ts": """\
import { SetMetadata } from '@nestjs/common';
export const ADMIN = 'admin' as const;
export const Roles = (...roles: string[]) => SetMetadata('roles', roles);
""",
    "src/guards.ts": """\
import { CanActivate, ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
@Injectable()
export class SessionGuard implements CanActivate {
  canActivate(context: ExecutionContext) { return Boolean(context.switchToHttp().getRequest().session?.user); }
}
@Injectable()
export class RightsGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}
  canActivate(context: ExecutionContext) {
    const wanted = this.reflector.getAllAndOverride('roles', [context.getHandler(), context.getClass()]);
    if (!wanted) return true;
    const request = context.switchToHttp().getRequest();
    return wanted.some((one: string) => request.session.user.roles.includes(one));
  }
}
""",
    "src/payouts.controller.ts": """\
import { Controller, Get, Post, UseGuards } from '@nestjs/common';
import { ADMIN, Roles } from './roles';
import { RightsGuard, SessionGuard } from './guards';
@Controller('payouts')
@UseGuards(SessionGuard, RightsGuard)
export class PayoutsController {
  @Post('settle') @Roles(ADMIN) settle() { return {}; }
  @Get('mine') mine() { return {}; }
  @Post('ask') @Roles('request_own_payout') ask() { return {}; }
}
""",
}


def test_guards_that_a_decorator_is_handed_ask_what_the_route_says_of_itself(tmp_path: Path) -> None:
    assert roles(tmp_path, GIVEN_GUARDS) == {
        "PayoutsController.settle": "staff",
        "PayoutsController.mine": "customer",
        "PayoutsController.ask": "customer",
    }


def test_of_several_roles_that_a_route_names_one_is_enough(tmp_path: Path) -> None:
    kinds = "import { SetMetadata } from '@nestjs/common';\nimport { Role } from '@prisma/client';\n"
    desk = GIVEN_GUARDS["src/payouts.controller.ts"].replace(
        "import { ADMIN, Roles }", "import { Role } from '@prisma/client';\nimport { Roles }"
    )
    files = {
        **GIVEN_GUARDS,
        "src/roles.ts": kinds + "export const Roles = (...roles: Role[]) => SetMetadata('roles', roles);\n",
        "src/payouts.controller.ts": desk.replace("@Roles(ADMIN)", "@Roles(Role.ADMIN)").replace(
            "@Roles('request_own_payout')", "@Roles(Role.USER, Role.ADMIN)"
        ),
    }
    assert roles(tmp_path, files)["PayoutsController.settle"] == "staff"
    assert roles(tmp_path, files)["PayoutsController.ask"] == "customer"
