// @ts-check
// The Nest documentation's own stack, on Express: @nestjs/jwt with a string secret and a `signIn` ("Authentication"), passport-jwt
// ("Passport"), TypeORM's repositories ("Database"), bcrypt ("Encryption and Hashing").
import { randomBytes } from 'node:crypto';
import {
  Body,
  Controller,
  Get,
  HttpCode,
  Inject,
  Module,
  Post,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { JwtModule, JwtService } from '@nestjs/jwt';
import { AuthGuard, PassportModule, PassportStrategy } from '@nestjs/passport';
import { getRepositoryToken, TypeOrmModule } from '@nestjs/typeorm';
import bcrypt from 'bcrypt';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { EntitySchema } from 'typeorm';
import { portOf, serve } from '../../systems/channel.js';
import { CONSTANT } from '../../systems/constant.js';

const SECRET = randomBytes(32).toString('base64url');
const BCRYPT_COST = 10;

const User = new EntitySchema({
  name: 'user',
  columns: {
    id: { type: Number, primary: true, generated: true },
    username: { type: String, unique: true },
    password: { type: String },
    isActive: { type: Boolean, default: true },
  },
});

class UsersService {
  constructor(repository) {
    this.repository = repository;
  }
  findOne(username) {
    return this.repository.findOneBy({ username });
  }
  create(user) {
    return this.repository.save(user);
  }
}
Inject(getRepositoryToken(User))(UsersService, undefined, 0);

class AuthService {
  constructor(users, jwt) {
    this.users = users;
    this.jwt = jwt;
  }
  async signIn(username, password) {
    const user = await this.users.findOne(username);
    if (!user || !(await bcrypt.compare(password, user.password))) throw new UnauthorizedException();
    return { access_token: await this.jwt.signAsync({ sub: user.id, username: user.username }) };
  }
}
Inject(UsersService)(AuthService, undefined, 0);
Inject(JwtService)(AuthService, undefined, 1);

const options = {
  jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
  ignoreExpiration: false,
  secretOrKey: SECRET,
};

/** As the documentation prints it. */
class JwtStrategy extends PassportStrategy(Strategy) {
  constructor() {
    super(options);
  }
  validate(payload) {
    return { userId: payload.sub, username: payload.username };
  }
}

/** "We could do a database lookup in our validate() method": the account is asked for, so that a deleted one is refused. */
class AccountStrategy extends PassportStrategy(Strategy, 'account') {
  constructor(users) {
    super(options);
    this.users = users;
  }
  async validate(payload) {
    const user = await this.users.findOne(payload.username);
    return user && { userId: user.id, username: user.username };
  }
}
Inject(UsersService)(AccountStrategy, undefined, 0);

class AppController {
  constructor(auth) {
    this.auth = auth;
  }
  signIn(body) {
    return this.auth.signIn(body.username, body.password);
  }
  hello() {
    return CONSTANT;
  }
  byToken() {
    return CONSTANT;
  }
  byAccount() {
    return CONSTANT;
  }
}
Inject(AuthService)(AppController, undefined, 0);
Controller()(AppController);
Body()(AppController.prototype, 'signIn', 0);
const routes = {
  signIn: [Post('auth/login'), HttpCode(200)],
  hello: [Get()],
  byToken: [Get('by-token'), UseGuards(AuthGuard('jwt'))],
  byAccount: [Get('by-account'), UseGuards(AuthGuard('account'))],
};
for (const [method, decorators] of Object.entries(routes)) {
  const descriptor = Object.getOwnPropertyDescriptor(AppController.prototype, method);
  for (const decorate of decorators) decorate(AppController.prototype, method, descriptor);
}

class AppModule {}
Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'better-sqlite3',
      database: 'nest-sample.sqlite',
      entities: [User],
      synchronize: true,
    }),
    TypeOrmModule.forFeature([User]),
    PassportModule,
    JwtModule.register({ global: true, secret: SECRET, signOptions: { expiresIn: '1h' } }),
  ],
  providers: [UsersService, AuthService, JwtStrategy, AccountStrategy],
  controllers: [AppController],
})(AppModule);

const app = await NestFactory.create(AppModule, { logger: false });
await app.listen(Number(process.env.PORT ?? 0), '127.0.0.1');
serve(
  { port: portOf(app.getHttpServer()) },
  {
    createAccounts: async ({ emails, password }) => {
      const hash = await bcrypt.hash(password, BCRYPT_COST);
      for (const username of emails) await app.get(UsersService).create({ username, password: hash });
    },
  },
);
